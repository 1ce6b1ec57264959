"""Numbers of system calls, as a kernel's own headers give them."""

"""The report of a class: what to teach tomorrow, who needs help, how good the tests are."""

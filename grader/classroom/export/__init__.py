"""Give a class's scores to other people's gradebooks."""

update row_changes set number = number + 1

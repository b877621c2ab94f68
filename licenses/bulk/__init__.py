"""Files of applications issued by workers: taken in whole, worked off in chunks by any number of them, told row by row."""

"""Speed as ratios, in one run: ours against the floor and against the same job written plainly. `make bench`.

`world.py` makes the input once, `measure.py` runs a command and says what it cost, `floor.py` and `plain.py` are what
we are held against, `cases.py` has one function per aim, `__main__.py` prints the table.
"""

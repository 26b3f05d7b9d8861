"""What moto's services lack of the real ones, put in place before its server starts.

moto is not changed on disk. Each module here closes one gap, says which behaviour of AWS it stands for, and is told
apart by a test of its own; `everything.py` puts them all in place, once in a process.
"""

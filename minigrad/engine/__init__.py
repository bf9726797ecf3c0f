"""The engine: what an op records, and the backward pass.  Read graph.py, backward.py, broadcasting.py, in this order.

What these three rest on is a page each: kept.py (what a node keeps for its rules), changes.py (in-place changes),
places.py (the user's line), causes.py (of mistakes, on the way to an error), ownership.py (a gradient becomes a `.grad`
without a copy).
"""

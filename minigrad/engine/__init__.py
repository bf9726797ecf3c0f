"""The engine: what an op records, and the backward pass.  Read graph.py, backward.py, broadcasting.py, in this order.

What these three rest on is a page each: kept.py (what a node keeps for its rules), changes.py (in-place changes),
views.py (views and their bases), order.py (the order of elements in memory), places.py (the user's line), ownership.py
(a gradient becomes a `.grad` without a copy).
"""

"""How good the images are: a judge trained on real renders, and figures with intervals for every system.

Needs `instaflow_demo/evaluation/requirements.txt`. `python -m instaflow_demo evaluate` is its command.
"""

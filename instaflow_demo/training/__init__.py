"""The code that made the shipped models: data, text encoder, autoencoder, teacher, reflow, distillation, export.

Run it with `python -m instaflow_demo.training STAGE`; needs `instaflow_demo/training/requirements.txt`. Nothing else in
the package imports this one.
"""

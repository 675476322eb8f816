"""One-step text-to-image generation beside its baselines: a demo that shows, measures and explains."""

__version__ = "0.1.0"

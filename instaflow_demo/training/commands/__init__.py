"""The stages as commands: each declares its options and hands a `Stage` to the runner."""

"""Alert rules, their detectors, the monitor that runs them, and the messages that follow."""

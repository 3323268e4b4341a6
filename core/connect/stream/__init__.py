"""The shop's own stream of events (NATS JetStream), taken in batch by batch."""

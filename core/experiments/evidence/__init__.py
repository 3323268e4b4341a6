"""What a test saw: who took part, and what they bought."""

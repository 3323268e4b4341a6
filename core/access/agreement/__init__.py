"""What a second person has agreed to: who may be that person, how a subject stands with its inputs, the loosened limits."""

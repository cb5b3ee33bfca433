"""What `scripts/bench` is made of; see there."""

"""The flow as a service: nothing lost, nothing told twice, whatever goes away."""

"""What every process needs and none owns: settings, logs, health checks, stores, child processes."""

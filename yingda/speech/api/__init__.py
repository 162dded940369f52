"""What clients speak to: NVIDIA Riva over gRPC, a WebSocket and HTTP."""

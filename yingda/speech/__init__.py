"""Speech server: NeMo recognition and synthesis behind NVIDIA Riva's gRPC API. Only nemo_*.py import NeMo
or torch."""

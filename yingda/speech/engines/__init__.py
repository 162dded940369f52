"""The models behind both: NeMo, ModelScope, and where published ones come from."""

"""What we add to Rasa 3.6: NLU components, stores, guarded patches, project checks. No business logic."""

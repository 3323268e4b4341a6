"""What screens are made of: the only place with Streamlit helpers."""

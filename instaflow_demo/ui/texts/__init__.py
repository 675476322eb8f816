"""What the page says, in English and Brazilian Portuguese."""

"""What several results say together: compared, over seeds, over tasks."""

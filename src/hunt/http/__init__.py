"""HTTP itself: what is true of every answer, whatever it says."""

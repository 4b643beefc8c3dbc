"""The publisher: makes events, sends them, and proves from the reports that they were counted."""

"""Takes a person out of rows, dead letters and EVENTS; what is counted stays counted."""

-- What else an event has is in its segment, and in the raw event. Columns of theirs that an older
-- version filled stay null.
copy events (
    occurred_at, type_id, event_id, user_id, revenue, raw, stream_sequence, stream_position
) from stdin (format binary)

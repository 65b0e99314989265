"""A content that the project makes itself: a poster of a harbour at night, and its coming alive."""

"""Judges: quality gates, step labels, consensus over teachers, and the audit that weighs what is kept."""

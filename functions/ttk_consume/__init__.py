"""Stores TikTok events."""

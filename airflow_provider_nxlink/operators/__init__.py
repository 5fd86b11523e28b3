"""Operators that create, change, read and delete what NXLink keeps."""

"""Time columns in all their forms -> times and the axis they lie on. `parsing.py` is the way in; `forms.py` knows the
forms that text takes."""

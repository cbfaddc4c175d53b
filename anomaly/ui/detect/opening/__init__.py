"""The first page: uploads, demonstrations, public data, and coming by an address."""

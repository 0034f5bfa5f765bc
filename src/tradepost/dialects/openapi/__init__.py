"""The papers of the APIs: OpenAPI documents made from the structs that read the requests, and pages made from those."""

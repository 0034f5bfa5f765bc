"""An engine for Haystack, through which oscar asks for its lists, that reads them from Postgres a page at a time.

Oscar's documentation asks for Solr or Elasticsearch here, which no package registry has. Of what it can do without them,
Haystack's simple engine reads every product for each page, and Whoosh had not indexed fifty thousand after nine minutes.
This one is for oscar's benefit: its views, forms and templates are as they come.
"""

from django.db.models import Q
from haystack.backends import BaseEngine, BaseSearchBackend, BaseSearchQuery
from haystack.models import SearchResult
from haystack.utils.app_loading import haystack_get_model

ORDERS = {"price": "stockrecords__price", "date_created": "date_created", "title_exact": "title"}


class PostgresBackend(BaseSearchBackend):
    """Answers with products, in the order of one column, with how many there are."""

    def update(self, index, iterable, commit=True):
        """The tables are the index."""

    def remove(self, obj, commit=True):
        """The tables are the index."""

    def clear(self, models=None, commit=True):
        """The tables are the index."""

    def search(self, query_string, **asked):
        """The products whose titles have all of these words, those between two offsets."""
        products = haystack_get_model("catalogue", "product").objects.browsable()
        for word in query_string.split():
            products = products.filter(Q(title__icontains=word))
        hits = products.count()
        orders = [
            ("-" if name.startswith("-") else "") + ORDERS[name.lstrip("-")]
            for name in asked.get("sort_by") or ["-date_created"]
        ]
        page = products.base_queryset().order_by(*orders, "id")
        page = page[asked.get("start_offset", 0) : asked.get("end_offset")]
        kind = asked.get("result_class") or SearchResult
        results = []
        for product in page:
            result = kind("catalogue", "product", product.pk, 0)
            result._object = product
            results.append(result)
        return {"results": results, "hits": hits}


class PostgresQuery(BaseSearchQuery):
    """Keeps the words of a question; which products are public the backend asks for in any case."""

    def build_query(self):
        """The words that were typed."""
        return " ".join(self._words(self.query_filter))

    def _words(self, node):
        for child in node.children:
            if hasattr(child, "children"):
                yield from self._words(child)
            elif child[0].startswith("content"):
                yield getattr(child[1], "query_string", child[1])


class PostgresEngine(BaseEngine):
    """What the settings name."""

    backend = PostgresBackend
    query = PostgresQuery

"""The page of one order: pictures from frames, parts from a story, a file that needs no other. It decides nothing and reads nothing."""

from cli.order_page.page import order_page, order_parts, write_order_page

__all__ = ["order_page", "order_parts", "write_order_page"]

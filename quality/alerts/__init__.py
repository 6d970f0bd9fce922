"""Alerts: what people are told, how nothing of it is lost, and the channels it goes through. Reading order: `alert` → `incidents` → `outbox` → `delivery` → `channels`."""

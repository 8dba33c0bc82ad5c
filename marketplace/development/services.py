"""The embedded services that settings and tests may ask for; nothing here needs Django's settings."""

from marketplace.development.ports import choose_free, remembered_port
from marketplace.development.postgres import release_postgres, start_postgres
from marketplace.development.redis import RedisServer, redis_binary, start_redis

__all__ = [
    "RedisServer",
    "choose_free",
    "redis_binary",
    "release_postgres",
    "remembered_port",
    "start_postgres",
    "start_redis",
]

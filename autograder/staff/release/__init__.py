"""From `solutions/` to what students get: the starter `hw/`, its checks, and the handout zip."""

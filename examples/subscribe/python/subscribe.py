"""Prints the events of weir.cost-anomalies, one line each, and commits after each."""

import io
import json
import os
import pathlib
import signal
import struct
import urllib.request

from confluent_kafka import Consumer, KafkaException
from fastavro import parse_schema, schemaless_reader

TOPIC = "weir.cost-anomalies"
HERE = pathlib.Path(__file__).resolve().parent
SCHEMAS = pathlib.Path(os.environ.get("SCHEMAS", HERE / "../../../schemas"))
REGISTRY = os.environ.get("SCHEMA_REGISTRY", "")

OWN_SCHEMA = parse_schema(json.loads((SCHEMAS / "cost-anomaly.avsc").read_text()))
writers = {}


def published_schema(fingerprint):
    """Schema by its fingerprint: every version ever published lies in schemas/golden."""
    golden = json.loads((SCHEMAS / "golden" / "cost-anomaly" / f"{fingerprint}.json").read_text())
    return parse_schema(golden["schema"])


def registered_schema(schema_id):
    """Schema by its id in a registry."""
    with urllib.request.urlopen(f"{REGISTRY}/schemas/ids/{schema_id}", timeout=10) as response:
        return parse_schema(json.loads(json.load(response)["schema"]))


def decode(value):
    """Decodes by the schema that the record names, into the schema this program knows."""
    if value[:2] == b"\xc3\x01":
        key, start = f"{struct.unpack_from('<Q', value, 2)[0]:016x}", 10
        find = published_schema
    elif value[:1] == b"\x00":
        key, start = struct.unpack_from(">i", value, 1)[0], 5
        find = registered_schema
    else:
        raise ValueError("neither single-object encoding nor Confluent framing")
    if key not in writers:
        writers[key] = find(key)
    # fastavro makes Decimal of money and datetime of timestamps.
    return schemaless_reader(io.BytesIO(value[start:]), writers[key], OWN_SCHEMA)


def main():
    consumer = Consumer(
        {
            "bootstrap.servers": os.environ.get("KAFKA_BROKERS", "127.0.0.1:9092"),
            "group.id": os.environ.get("GROUP_ID", "example"),
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
        }
    )
    consumer.subscribe([TOPIC])
    running = True

    def stop(*_):
        nonlocal running
        running = False

    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
    try:
        while running:
            message = consumer.poll(1.0)
            if message is None:
                continue
            if message.error():
                raise KafkaException(message.error())
            if message.value() is not None:
                event = decode(message.value())
                # An event can come twice: anomaly_id and version together tell whether it did.
                print(
                    f"{event['started_at'].isoformat()} {event['severity']} {event['status']} {event['kind']} "
                    f"{event['impact_usd']:f} USD: {event['message']}",
                    flush=True,
                )
            # Not before it is handled: a program that dies here reads the event again, and misses none.
            consumer.commit(message, asynchronous=False)
    finally:
        consumer.close()


if __name__ == "__main__":
    main()

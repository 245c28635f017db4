"""What is said once at the beginning of an MQTT session."""

from packets import put_length, put_text

REFUSALS = ("", "protocol refused", "name refused", "broker not ready", "wrong user or password", "not allowed")


def connect(out, client, will, said, user, password, keep_alive_s):
    """CONNECT of a clean session with a retained last will of QoS 1; return its length."""
    flags = 0x2E
    length = 16 + len(client) + len(will) + len(said)
    if user:
        flags |= 0x80
        length += 2 + len(user)
        if password:
            flags |= 0x40
            length += 2 + len(password)
    out[0] = 0x10
    at = put_text(out, put_length(out, 1, length), b"MQTT")
    out[at] = 4
    out[at + 1] = flags
    out[at + 2] = keep_alive_s >> 8
    out[at + 3] = keep_alive_s & 255
    at = put_text(out, put_text(out, put_text(out, at + 4, client), will), said)
    if user:
        at = put_text(out, at, user)
        if password:
            at = put_text(out, at, password)
    return at


def subscribe(out, number, topic):
    """SUBSCRIBE to one filter with QoS 1; return its length."""
    out[0] = 0x82
    at = put_length(out, 1, 5 + len(topic))
    out[at] = number >> 8
    out[at + 1] = number & 255
    at = put_text(out, at + 2, topic)
    out[at] = 1
    return at + 1

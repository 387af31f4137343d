"""Reads a certificate for SSLSocket.getpeercert(): X.509 (RFC 5280) in DER (ITU-T X.690).

The host has verified the certificate; this only shows what it says.
"""

_VERSION, _EXTENSIONS = 0xA0, 0xA3
_UTC_TIME = 0x17
_BMP_STRING = 0x1E
_SUBJECT_ALT_NAME = '2.5.29.17'

# RFC 4519 and RFC 5280, under the long names that OpenSSL has for them.
_ATTRIBUTES = {
    '2.5.4.3': 'commonName', '2.5.4.4': 'surname', '2.5.4.5': 'serialNumber', '2.5.4.6': 'countryName',
    '2.5.4.7': 'localityName', '2.5.4.8': 'stateOrProvinceName', '2.5.4.9': 'streetAddress',
    '2.5.4.10': 'organizationName', '2.5.4.11': 'organizationalUnitName', '2.5.4.12': 'title',
    '2.5.4.42': 'givenName', '2.5.4.97': 'organizationIdentifier', '1.2.840.113549.1.9.1': 'emailAddress',
    '0.9.2342.19200300.100.1.25': 'domainComponent',
}
_MONTHS = ('Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec')


def _items(data):
    """The elements of a constructed value: (tag, contents)."""
    at = 0
    while at < len(data):
        tag, length, at = data[at], data[at + 1], at + 2
        if length & 0x80:
            count = length & 0x7F
            length, at = int.from_bytes(data[at:at + count], 'big'), at + count
        if at + length > len(data):
            raise ValueError('the certificate is cut short')
        yield tag, data[at:at + length]
        at += length


def _oid(data):
    numbers, value = [], 0
    for byte in data:
        value = value << 7 | byte & 0x7F
        if not byte & 0x80:
            numbers.append(value)
            value = 0
    first = min(numbers[0] // 40, 2)
    return '.'.join(map(str, [first, numbers[0] - 40 * first, *numbers[1:]]))


def _string(tag, data):
    return data.decode('utf-16-be' if tag == _BMP_STRING else 'utf-8', 'replace')


def _name(data):
    """A distinguished name, as a tuple of tuples of pairs."""
    result = []
    for _set, attributes in _items(data):
        pairs = []
        for _sequence, attribute in _items(attributes):
            (_, oid), (tag, value) = _items(attribute)
            pairs.append((_ATTRIBUTES.get(_oid(oid), _oid(oid)), _string(tag, value)))
        result.append(tuple(pairs))
    return tuple(result)


def _time(tag, data):
    text = data.decode('ascii')
    if tag == _UTC_TIME:
        # RFC 5280, 4.1.2.5.1: two digits from 50 on are of the last century.
        text = ('19' if int(text[:2]) >= 50 else '20') + text
    month = _MONTHS[int(text[4:6]) - 1]
    return f'{month} {int(text[6:8]):2d} {text[8:10]}:{text[10:12]}:{text[12:14]} {text[:4]} GMT'


def _ip(data):
    """As OpenSSL writes it: IPv6 in capitals, without the short form."""
    if len(data) == 4:
        return '.'.join(map(str, data))
    return ':'.join(f'{int.from_bytes(data[at:at + 2], "big"):X}' for at in range(0, len(data), 2))


def _alternative(tag, data):
    """A GeneralName (RFC 5280, 4.2.1.6); its tag is its kind."""
    kind = tag & 0x1F
    if kind == 7:
        return 'IP Address', _ip(data)
    if kind == 4:
        (_, name), = _items(data)
        return 'DirName', _name(name)
    names = {1: 'email', 2: 'DNS', 6: 'URI'}
    return (names[kind], data.decode('ascii', 'replace')) if kind in names else ('othername', '<unsupported>')


def _alternatives(extensions):
    (_, items), = _items(extensions)
    for _sequence, extension in _items(items):
        parts = list(_items(extension))
        if _oid(parts[0][1]) == _SUBJECT_ALT_NAME:
            (_, names), = _items(parts[-1][1])
            return tuple(_alternative(tag, data) for tag, data in _items(names))
    return ()


def describe(der):
    """The dict that getpeercert() of the standard library gives."""
    (_, certificate), = _items(der)
    _tag, signed = next(_items(certificate))
    fields = list(_items(signed))
    version = 1
    if fields[0][0] == _VERSION:
        (_, number), = _items(fields.pop(0)[1])
        version = int.from_bytes(number, 'big') + 1
    (_, serial), _algorithm, (_, issuer), (_, validity), (_, subject) = fields[:5]
    (before_tag, before), (after_tag, after) = _items(validity)
    digits = f'{int.from_bytes(serial, "big", signed=True):X}'
    result = {
        'subject': _name(subject),
        'issuer': _name(issuer),
        'version': version,
        'serialNumber': digits if len(digits) % 2 == 0 else '0' + digits,
        'notBefore': _time(before_tag, before),
        'notAfter': _time(after_tag, after),
    }
    alternatives = [_alternatives(data) for tag, data in fields[5:] if tag == _EXTENSIONS]
    if alternatives and alternatives[0]:
        result['subjectAltName'] = alternatives[0]
    return result

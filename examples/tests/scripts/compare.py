"""What `mime_tool parse --json` says on standard input, compared with what Python's email package reads in the same files.

One line for each aspect in which they differ: the file, the aspect, ours and theirs, with tabs between.
"""
import datetime
import email
import email.policy
import hashlib
import json
import sys


def tidy(text):
    return ' '.join((text or '').split())


def subject(message):
    return tidy(message['subject'])


def mailboxes(name):
    def read(message):
        field = message[name]
        groups = field.groups if field is not None else []
        return [[tidy(group.display_name), tidy(one.display_name), one.addr_spec] for group in groups for one in group.addresses]

    return read


def date(message):
    moment = message['date'] is not None and message['date'].datetime
    if not moment:
        return None
    return int((moment if moment.tzinfo else moment.replace(tzinfo=datetime.timezone.utc)).timestamp())


def types(part):
    kind = part.get_content_type()
    inside = [types(child) for child in part.get_payload()] if part.is_multipart() else []
    return kind + '(' + ', '.join(inside) + ')' if inside else kind


def leaves(part):
    if part.is_multipart() and part.get_payload():
        return [leaf for child in part.get_payload() for leaf in leaves(child)]
    return [part]


def names(message):
    return [tidy(leaf.get_filename()) for leaf in leaves(message)]


def content(message):
    bodies = [leaf.get_payload(decode=True) or b'' for leaf in leaves(message)]
    return [[len(body), hashlib.sha256(body).hexdigest()] for body in bodies]


def our_types(part):
    inside = [our_types(child) for child in part.get('parts', [])]
    return part['type'] + ('(' + ', '.join(inside) + ')' if inside else '')


def our_leaves(part):
    return [leaf for child in part['parts'] for leaf in our_leaves(child)] if 'parts' in part else [part]


def our_mailboxes(field):
    return [[tidy(one['group']), tidy(one['name']), one['address']] for one in field]


def ours(told):
    parts = our_leaves(told['body'])
    return {
        'subject': tidy(told['subject']),
        'from': our_mailboxes(told['from']),
        'to': our_mailboxes(told['to']),
        'cc': our_mailboxes(told['cc']),
        'date': told['date_unix'],
        'types': our_types(told['body']),
        'names': [tidy(part['filename']) for part in parts],
        'content': [[part['decoded_length'], part['sha256']] for part in parts],
    }


READERS = {
    'subject': subject,
    'from': mailboxes('from'),
    'to': mailboxes('to'),
    'cc': mailboxes('cc'),
    'date': date,
    'types': types,
    'names': names,
    'content': content,
}


def main():
    for line in sys.stdin:
        told = json.loads(line)
        with open(told['file'], 'rb') as file:
            message = email.message_from_bytes(file.read(), policy=email.policy.default)
        same_tree = True
        for aspect, mine in ours(told).items():
            try:
                theirs = READERS[aspect](message)
            except Exception as error:
                theirs = 'it raises ' + type(error).__name__
            # What is in the parts can only be compared part by part.
            if mine != theirs and (same_tree or aspect not in ('names', 'content')):
                print(told['file'], aspect, json.dumps(mine), json.dumps(theirs), sep='\t')
                same_tree &= aspect != 'types'


main()

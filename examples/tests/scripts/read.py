"""What Python's email package reads in the message on standard input, as JSON in one line."""
import email
import email.policy
import hashlib
import json
import sys

message = email.message_from_binary_file(sys.stdin.buffer, policy=email.policy.default)
groups = [[group.display_name, [[one.display_name, one.addr_spec] for one in group.addresses]] for group in message['to'].groups]
body = {kind: message.get_body((kind,)).get_content().replace('\r\n', '\n') for kind in ('plain', 'html')}
files = [[part.get_filename(), hashlib.sha256(part.get_payload(decode=True)).hexdigest()] for part in message.iter_attachments()]
defects = [str(defect) for part in message.walk() for defect in part.defects]
print(json.dumps([message['subject'], str(message['from']), groups, body, files, defects], ensure_ascii=False))

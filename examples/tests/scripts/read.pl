# What MIME::Parser and Email::MIME read in the message that is named: subject, then type, length and name of each part.
use strict;
use warnings;
use Email::MIME;
use Encode;
use MIME::Parser;

binmode STDOUT, ':utf8';
my $parser = MIME::Parser->new;
$parser->output_to_core(1);
my $entity = $parser->parse_open($ARGV[0]);

# Line ends of text count as one, however they are written.
sub show {
    my ($type, $content, $name) = @_;
    $content =~ s/\r\n/\n/g if $type =~ /^text/;
    printf "%s %d %s\n", $type, length $content, $name;
}

print decode('MIME-Header', $entity->head->get('Subject'));
for my $part (grep { $_->bodyhandle } $entity->parts_DFS) {
    my $name = decode('MIME-Header', $part->head->recommended_filename // '');
    show($part->mime_type, $part->bodyhandle->as_string, $name);
}
open my $file, '<:raw', $ARGV[0] or die $!;
my $message = Email::MIME->new(do { local $/; <$file> });
print $message->header_str('Subject'), "\n";
$message->walk_parts(sub {
    my ($part) = @_;
    show($part->content_type =~ s/;.*//sr, $part->body, $part->filename // '') unless $part->subparts;
});

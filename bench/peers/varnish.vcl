# Varnish as its manual has it to begin with: it asks the base once a minute (varnishd -t 60), streams what arrives to
# all who wait, and keeps files in memory (-s malloc,1g, see bench/servers/peers.ts).
vcl 4.1;

backend default {
  .host = "@host@";
  .port = "@basePort@";
}

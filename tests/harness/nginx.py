"""Nginx in front of both servers, so that both receive a request as Nginx passes it on."""
from . import process

CONFIGURATION = """
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/nginx-error.log warn;
worker_processes 1;
events {{ worker_connections 1024; }}
http {{
	access_log off;
	client_body_temp_path {folder}/body;
	proxy_temp_path {folder}/proxy;
	fastcgi_temp_path {folder}/fastcgi;
	uwsgi_temp_path {folder}/uwsgi;
	scgi_temp_path {folder}/scgi;
	client_max_body_size 16m;
	large_client_header_buffers 4 128k;
	server_tokens off;
	{http}
	server {{
		listen 127.0.0.1:{port};
{server}
	}}
}}
"""

TO_DJANGO = """
		proxy_buffers 16 64k;
		proxy_buffer_size 64k;
		location / {{
			proxy_pass http://unix:{socket}:;
			proxy_set_header Host $http_host;
		}}
"""


class Nginx:
    def __init__(self, folder, server, http="", port=None):
        self.port = port or process.free_port()
        configuration = folder / "nginx.conf"
        configuration.write_text(
            CONFIGURATION.format(folder=folder, port=self.port, server=server, http=http)
        )
        self.nginx = process.start(
            ["nginx", "-e", f"{folder}/nginx-error.log", "-p", folder, "-c", configuration],
            folder / "nginx.log",
        )

    def ready(self):
        return process.accepts(self.port)

    def end(self):
        process.end(self.nginx)

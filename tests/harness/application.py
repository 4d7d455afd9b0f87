"""An application behind a web server. It answers with the headers and the body that it received."""
import http.server
import json
import socketserver
import threading


class Application(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True

    class RequestHandlerClass(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            """Status 200, or the last part of the path if it is a number; below /own/ with its own CORS header."""
            length = int(self.headers.get("Content-Length") or 0)
            body = {"path": self.path, "headers": self.headers.items(), "body": self.rfile.read(length).decode()}
            data = json.dumps(body).encode()
            last = self.path.rpartition("/")[2]
            self.send_response(int(last) if last.isdigit() else 200)
            if "/own/" in self.path:
                self.send_header("Access-Control-Allow-Origin", "*")
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_PUT = do_DELETE = do_POST

        def address_string(self):
            return "-"

        def log_message(self, *arguments):
            pass

    def __init__(self, path):
        super().__init__(str(path), self.RequestHandlerClass)
        path.chmod(0o666)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def end(self):
        self.shutdown()
        self.server_close()

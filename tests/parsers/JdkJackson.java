import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.math.BigDecimal;
import java.net.InetSocketAddress;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Executors;

/**
 * A VNFM that reads a request with the HTTP server of the JDK and Jackson, and
 * answers with what it read.
 *
 * <p>Usage: java -cp JARS JdkJackson.java PORT
 */
public class JdkJackson {
    private static final List<String> FIELDS =
            List.of("Accept", "Authorization", "Content-Type", "Host", "If-Match", "Version", "X-Auth-Token");
    private static final ObjectMapper MAPPER = new ObjectMapper();

    public static void main(String[] arguments) throws IOException {
        HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", Integer.parseInt(arguments[0])), 0);
        server.createContext("/", JdkJackson::answer);
        server.setExecutor(Executors.newCachedThreadPool());
        server.start();
    }

    private static void answer(HttpExchange exchange) throws IOException {
        ObjectNode report = MAPPER.createObjectNode();
        report.put("method", exchange.getRequestMethod());
        ArrayNode path = report.putArray("path");
        List.of(exchange.getRequestURI().getPath().split("/", -1)).stream().skip(1).forEach(path::add);
        report.set("query", query(exchange.getRequestURI().getRawQuery()));
        ObjectNode fields = report.putObject("fields");
        for (String name : FIELDS) {
            List<String> values = exchange.getRequestHeaders().get(name);
            if (values != null) {
                fields.put(name.toLowerCase(), String.join(",", values).replace(", ", ","));
            }
        }
        report.set("body", body(exchange.getRequestBody().readAllBytes()));
        byte[] text = MAPPER.writeValueAsBytes(report);
        exchange.getResponseHeaders().set("Content-Type", "application/json");
        exchange.sendResponseHeaders(200, text.length);
        exchange.getResponseBody().write(text);
        exchange.close();
    }

    /** As a servlet reads it: a form. */
    private static JsonNode query(String raw) {
        ArrayNode pairs = MAPPER.createArrayNode();
        for (String part : raw == null ? new String[0] : raw.split("&")) {
            if (!part.isEmpty()) {
                String[] pair = part.split("=", 2);
                ArrayNode decoded = pairs.addArray();
                decoded.add(URLDecoder.decode(pair[0], StandardCharsets.UTF_8));
                decoded.add(pair.length < 2 ? "" : URLDecoder.decode(pair[1], StandardCharsets.UTF_8));
            }
        }
        return pairs;
    }

    private static JsonNode body(byte[] text) {
        if (text.length == 0) {
            return MAPPER.nullNode();
        }
        ObjectNode body = MAPPER.createObjectNode();
        try {
            body.set("json", canonical(MAPPER.readTree(text)));
        } catch (IOException | ArithmeticException | NumberFormatException error) {
            body.put("error", true);
        }
        return body;
    }

    /** A tree that says of each value what it is. */
    private static JsonNode canonical(JsonNode value) {
        ObjectNode wrapped = MAPPER.createObjectNode();
        if (value.isObject()) {
            Map<String, JsonNode> sorted = new TreeMap<>();
            value.fields().forEachRemaining(member -> sorted.put(member.getKey(), member.getValue()));
            ArrayNode members = wrapped.putArray("object");
            sorted.forEach((name, member) -> members.addArray().add(name).add(canonical(member)));
        } else if (value.isArray()) {
            ArrayNode items = wrapped.putArray("array");
            value.forEach(item -> items.add(canonical(item)));
        } else if (value.isNumber()) {
            wrapped.put("number", number(value));
        } else {
            return value;
        }
        return wrapped;
    }

    /** An integer in decimal, or the bits of a double. */
    private static String number(JsonNode value) {
        double real = value.doubleValue();
        if (value.isIntegralNumber()) {
            return value.bigIntegerValue().toString();
        }
        return real == Math.rint(real) && !Double.isInfinite(real)
                ? new BigDecimal(real).toBigInteger().toString()
                : String.format("%016x", Double.doubleToLongBits(real));
    }
}

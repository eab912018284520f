#include "report/svg_canvas.hpp"

#include <cmath>
#include <cstdio>

namespace load {
namespace {

std::string pixels(double value) {
    char text[32];
    std::snprintf(text, sizeof text, "%.1f", value);
    return text;
}

std::string attribute(const char* name, double value) {
    return ' ' + std::string(name) + "=\"" + pixels(value) + '"';
}

std::string escaped(std::string_view text) {
    std::string result;
    for (const char c : text) {
        if (c == '&')
            result += "&amp;";
        else if (c == '<')
            result += "&lt;";
        else if (c == '>')
            result += "&gt;";
        else
            result += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
    }
    return result;
}

} // namespace

svg_canvas::svg_canvas(std::ostream& out, int width, int height, std::string_view title)
    : out_(out) {
    out_ << R"(<?xml version="1.0" encoding="UTF-8"?>)" << '\n'
         << R"(<svg xmlns="http://www.w3.org/2000/svg" width=")" << width << R"(" height=")"
         << height << R"(" viewBox="0 0 )" << width << ' ' << height
         << R"(" font-family="Helvetica, Arial, sans-serif" font-size="13" fill="#333">)" << '\n'
         << "<title>" << escaped(title) << "</title>\n";
    rectangle({0, 0}, width, height, R"(fill="white")");
}

svg_canvas::~svg_canvas() { out_ << "</svg>\n"; }

void svg_canvas::rectangle(svg_point upper_left, double width, double height,
                           std::string_view style) {
    out_ << "<rect" << attribute("x", upper_left.x) << attribute("y", upper_left.y)
         << attribute("width", width) << attribute("height", height) << ' ' << style << "/>\n";
}

void svg_canvas::line(svg_point from, svg_point to, std::string_view style) {
    out_ << "<line" << attribute("x1", from.x) << attribute("y1", from.y) << attribute("x2", to.x)
         << attribute("y2", to.y) << ' ' << style << "/>\n";
}

void svg_canvas::polyline(const std::vector<svg_point>& points, std::string_view style) {
    out_ << "<polyline points=\"";
    for (const svg_point& p : points) out_ << pixels(p.x) << ',' << pixels(p.y) << ' ';
    out_ << "\" fill=\"none\" stroke-linejoin=\"round\" " << style << "/>\n";
}

void svg_canvas::text(svg_point at, std::string_view text, std::string_view style) {
    out_ << "<text" << attribute("x", at.x) << attribute("y", at.y) << ' ' << style << '>'
         << escaped(text) << "</text>\n";
}

void svg_canvas::upright_text(svg_point at, std::string_view text, std::string_view style) {
    out_ << "<text transform=\"translate(" << pixels(at.x) << ' ' << pixels(at.y)
         << ") rotate(-90)\" text-anchor=\"middle\" " << style << '>' << escaped(text)
         << "</text>\n";
}

double round_step(double span, int most) {
    const double least = span / most;
    const double power = std::pow(10, std::floor(std::log10(least)));
    for (const double factor : {1.0, 2.0, 5.0})
        if (power * factor >= least * (1 - 1e-9)) return power * factor;
    return power * 10;
}

} // namespace load

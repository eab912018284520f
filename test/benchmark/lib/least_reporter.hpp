// How benchmarks are reported: one plain table with the quickest repetition of each, since whatever
// else the machine does can only slow one down.
#pragma once

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdio>
#include <string>
#include <tuple>
#include <vector>

// A benchmark's time is its counter "ns" if it has one, else the time of an iteration.
class least_reporter : public benchmark::BenchmarkReporter {
public:
    bool ReportContext(const Context& context) override {
        PrintBasicContext(&GetErrorStream(), context);
        return true;
    }

    // Called with all repetitions of one benchmark, then with their aggregates.
    void ReportRuns(const std::vector<Run>& runs) override {
        const Run* least = nullptr;
        for (const Run& run : runs) {
            if (run.run_type != Run::RT_Iteration) return;
            if (run.error_occurred) {
                std::printf("%s: %s\n", run.benchmark_name().c_str(), run.error_message.c_str());
                failed_ = true;
                return;
            }
            if (least == nullptr || ns(run) < ns(*least)) least = &run;
        }
        if (least == nullptr) return;
        rows_.push_back(*least);
        for (const auto& [name, value] : least->counters) {
            if (name != "ns" && std::find(columns_.begin(), columns_.end(), name) == columns_.end())
                columns_.push_back(name);
        }
    }

    void Finalize() override {
        std::size_t width = 0;
        for (const Run& run : rows_) width = std::max(width, title(run).size());
        std::printf("%-*s %12s", static_cast<int>(width), "", "ns");
        for (const std::string& name : columns_) std::printf("  %s", name.c_str());
        std::printf("\n");
        for (const Run& run : rows_) {
            std::printf("%-*s %12.2f", static_cast<int>(width), title(run).c_str(), ns(run));
            for (const std::string& name : columns_) {
                const auto counter = run.counters.find(name);
                const int column = static_cast<int>(name.size()) + 2;
                if (counter == run.counters.end()) {
                    std::printf("%*s", column, "");
                } else {
                    std::printf("%*.2f", column, counter->second.value);
                }
            }
            std::printf("\n");
        }
    }

    bool failed() const { return failed_; }

private:
    static double ns(const Run& run) {
        const auto counter = run.counters.find("ns");
        return counter != run.counters.end() ? counter->second.value : run.GetAdjustedRealTime();
    }

    static std::string title(const Run& run) {
        const auto& [function, args] = std::tie(run.run_name.function_name, run.run_name.args);
        return args.empty() ? function : function + " " + args;
    }

    std::vector<Run> rows_;
    std::vector<std::string> columns_;
    bool failed_ = false;
};

// What BENCHMARK_MAIN does, with this reporter; main's exit status.
inline int run_benchmarks(int argc, char** argv) {
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
    least_reporter reporter;
    benchmark::RunSpecifiedBenchmarks(&reporter);
    benchmark::Shutdown();
    return reporter.failed() ? 1 : 0;
}

// SPDX-License-Identifier: BSD-2-Clause
using NUnit.Framework;

namespace Flower.Tests.EndToEnd;

/// <summary>Where the programs are that these tests run.</summary>
internal static class Programs
{
    /// <summary>
    /// The <c>flower</c> program: that of FLOWER_BINARY, else the one that was built with these tests.
    /// </summary>
    public static string Flower { get; } = FindFlower();

    /// <summary>It runs on the .NET runtime, and was not compiled to native code.</summary>
    public static bool IsManaged => File.Exists(Flower + ".dll");

    public static string ServiceManager => Path.Combine(Root, "Flower.Tests/EndToEnd/service_manager.py");

    public static string PythonClient => Path.Combine(Root, "Flower.Tests/EndToEnd/python_client.py");

    public static string InheritListeners => Path.Combine(Root, "Flower.Tests/EndToEnd/inherit_listeners.py");

    public static string SharedHandle => Path.Combine(Root, "Flower.Tests/EndToEnd/shared_handle.py");

    public static string BoxProbe => Path.Combine(Root, "Flower.Tests/EndToEnd/box_probe.py");

    public static string OnTerminal => Path.Combine(Root, "Flower.Tests/EndToEnd/on_terminal.py");

    public static string TypeOnTerminal => Path.Combine(Root, "Flower.Tests/EndToEnd/type_on_terminal.py");

    public static string WithoutNetlink => Path.Combine(Root, "Flower.Tests/EndToEnd/without_netlink.py");

    public static string Confined => Path.Combine(Root, "Flower.Tests/EndToEnd/confined.py");

    public static string NamedClient => Path.Combine(Root, "Flower.Tests/EndToEnd/named_client.py");

    public static string GrpcKnock => Path.Combine(Root, "Flower.Tests/EndToEnd/grpc_knock.py");

    // <root>/Flower.Tests/bin/<configuration>/net10.0/
    public static string Root => Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "../../../.."));

    /// <summary>One of samples/, as it was built with these tests.</summary>
    public static string Sample(string name) =>
        Path.Combine([Root, "samples", name, "bin", .. AppContext.BaseDirectory.TrimEnd('/').Split('/')[^2..], name]);

    /// <summary>A program of the system. Missing, the test is skipped on a laptop and fails in CI.</summary>
    /// <param name="name">Of its file.</param>
    /// <param name="folders">Where it may be besides PATH; one <c>*</c> stands for a folder, as in /usr/lib/postgresql/*/bin.</param>
    public static string Require(string name, params string[] folders)
    {
        string? found = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Concat(folders.SelectMany(Expand))
            .Select(folder => Path.Combine(folder, name)).FirstOrDefault(File.Exists);
        if (found is null)
        {
            if (Environment.GetEnvironmentVariable("CI") == "true")
            {
                Assert.Fail($"{name} is missing: .ci/run installs it");
            }

            Assert.Ignore($"{name} is not installed");
        }

        return found!;
    }

    // One wildcard, for a version: the newest first.
    private static IEnumerable<string> Expand(string folder)
    {
        int star = folder.IndexOf('*', StringComparison.Ordinal);
        if (star < 0)
        {
            return [folder];
        }

        string above = folder[..star].TrimEnd('/');
        return Directory.Exists(above)
            ? Directory.GetDirectories(above).OrderDescending(StringComparer.Ordinal).Select(d => d + folder[(star + 1)..])
            : [];
    }

    private static string FindFlower()
    {
        if (Environment.GetEnvironmentVariable("FLOWER_BINARY") is { Length: > 0 } given)
        {
            return Path.GetFullPath(given);
        }

        string[] output = AppContext.BaseDirectory.TrimEnd('/').Split('/')[^2..];
        return Path.Combine(Root, "Flower/bin", output[0], output[1], "flower");
    }
}

// SPDX-License-Identifier: BSD-2-Clause
using Flower.Tests.EndToEnd;
using NUnit.Framework;

namespace Flower.Tests.Faults;

/// <summary>
/// The short form of <c>Flower.Benchmarks/soak.sh</c>: every kind of load for some laps. Afterwards memory, descriptors and threads
/// of all processes are where they were, and so is what the switchboard says that it has. Time is not looked at.
/// </summary>
[Category("EndToEnd")]
internal sealed class SoakTests
{
    [Test]
    public async Task Soak_SomeLaps_EverythingIsWhereItBegan()
    {
        string[] output = AppContext.BaseDirectory.TrimEnd('/').Split('/')[^2..];
        string program = Path.Combine(Programs.Root, "Flower.Benchmarks/bin", output[0], output[1], "Flower.Benchmarks");
        await using var soak = FlowerProcess.Start(
            "/usr/bin/env",
            ["DOTNET_GCgen0size=0x400000", program, "soak", "--flower", Programs.Flower, "--laps", "100", "--every", "5s", "--slower", "0", "--larger", "64"]);

        int code = await soak.ExitAsync();

        TestContext.Out.WriteLine(soak.Out.ToString());
        Assert.That(code, Is.Zero, $"{soak.Out}\n{soak.Error}");
        Assert.That(soak.Out.Lines[^1], Is.EqualTo("everything is where it began"));
    }
}

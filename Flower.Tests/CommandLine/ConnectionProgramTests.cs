// SPDX-License-Identifier: BSD-2-Clause
using Flower.Client;
using Flower.CommandLine;
using Flower.Rpc.Interop;
using NUnit.Framework;

namespace Flower.Tests.CommandLine;

/// <summary>What a program on a connection begins with.</summary>
[NonParallelizable]
internal sealed class ConnectionProgramTests
{
    private string? _before;

    [SetUp]
    public void Remember() => _before = Environment.GetEnvironmentVariable(SwitchboardAddress.Variable);

    [TearDown]
    public void Restore() => Environment.SetEnvironmentVariable(SwitchboardAddress.Variable, _before);

    [TestCase("fd:2", 3, "fd:2", 1)]
    [TestCase("fd:2", 2, "fd:3", 2)]
    [TestCase("unix:/x", 2, "unix:/x", 1)]
    public void On_SwitchboardIsADescriptor_ConnectionDoesNotTakeItsPlace(
        string address, int number, string seen, int descriptors)
    {
        Environment.SetEnvironmentVariable(SwitchboardAddress.Variable, address);
        (Descriptor socket, Descriptor peer) = UnixSocket.StreamPair();
        using Descriptor first = socket, second = peer;

        ProgramStart start = new ConnectionProgram(["true"]).On(null, new PassedDescriptor(socket, number));

        Assert.That(start.Environment![SwitchboardAddress.Variable], Is.EqualTo(seen));
        Assert.That(start.Descriptors, Has.Count.EqualTo(descriptors));
        Assert.That(start.Descriptors[0], Is.EqualTo(new PassedDescriptor(socket, number)));
    }

    [Test]
    public void On_SwitchboardIsADescriptorThatIsNotOpen_VariableIsDropped()
    {
        Environment.SetEnvironmentVariable(SwitchboardAddress.Variable, "fd:900000");
        (Descriptor socket, Descriptor peer) = UnixSocket.StreamPair();
        using Descriptor first = socket, second = peer;

        ProgramStart start = new ConnectionProgram(["true"]).On(null, new PassedDescriptor(socket, 900_000));

        Assert.That(start.Environment!.ContainsKey(SwitchboardAddress.Variable), Is.False);
        Assert.That(start.Descriptors, Has.Count.EqualTo(1));
    }

    [Test]
    public void On_Without_LeavesThatOut() => Assert.That(
        new ConnectionProgram(["true"], "PATH").On(null).Environment!.ContainsKey("PATH"), Is.False);
}

// SPDX-License-Identifier: BSD-2-Clause
using System.Text.RegularExpressions;
using Flower.Protocol.V1;
using Flower.Rpc.Server;
using Flower.Switchboard.Sessions;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Grpc.Core;
using Microsoft.Extensions.Logging.Abstractions;
using NUnit.Framework;
using FileDescriptor = Flower.Protocol.V1.FileDescriptor;

namespace Flower.Tests.Repository;

/// <summary>The protobuf contract: its comments, and the hand-written half of its messages.</summary>
internal sealed partial class ContractTests
{
    private static IEnumerable<MessageDescriptor> Messages => SwitchboardReflection.Descriptor.Services
        .SelectMany(service => service.Methods)
        .SelectMany(method => new[] { method.InputType, method.OutputType })
        .DistinctBy(message => message.FullName);

    [TestCaseSource(nameof(Messages))]
    public void CollectDescriptors_EachPathToAFileDescriptor_FindsIt(MessageDescriptor type)
    {
        List<FieldDescriptor[]> paths = [.. PathsToDescriptor(type)];
        Assert.That(typeof(IDescriptorCarrier).IsAssignableFrom(type.ClrType), Is.EqualTo(paths.Count > 0), type.FullName);
        foreach (FieldDescriptor[] path in paths)
        {
            IMessage message = New(type);
            var planted = (FileDescriptor)Plant(message, path);
            var found = new List<FileDescriptor>();
            ((IDescriptorCarrier)message).CollectDescriptors(found);
            Assert.That(found, Has.Count.EqualTo(1), Name(path));
            Assert.That(found[0], Is.SameAs(planted), Name(path));
        }
    }

    [Test]
    public void CollectDescriptors_WholeContract_SeveralPaths() =>
        Assert.That(Messages.Sum(type => PathsToDescriptor(type).Count()), Is.GreaterThanOrEqualTo(8));

    [Test]
    public void BoardMethods_EachCall_IsAsDescribedAndServed()
    {
        IMethod[] methods = [.. typeof(BoardMethods).GetProperties().Select(property => property.GetValue(null)).OfType<IMethod>()];
        var served = new MethodTable();
        ServedMethods.AddTo(served, new SwitchboardService(null!, NullLogger.Instance));

        string[] described =
        [
            .. SwitchboardReflection.Descriptor.Services.SelectMany(service => service.Methods).Select(method =>
                $"/{method.Service.FullName}/{method.Name} {method.IsClientStreaming} {method.IsServerStreaming} "
                + $"{method.InputType.ClrType.Name} {method.OutputType.ClrType.Name}"),
        ];
        Assert.That(
            methods.Select(method =>
                $"{method.FullName} {method.Type is MethodType.ClientStreaming or MethodType.DuplexStreaming} "
                + $"{method.Type is MethodType.ServerStreaming or MethodType.DuplexStreaming} "
                + string.Join(' ', method.GetType().GenericTypeArguments.Select(type => type.Name))),
            Is.EquivalentTo(described));
        Assert.That(served.Names, Is.EquivalentTo(methods.Select(method => method.FullName)));
    }

    [Test]
    public void ProtoFiles_EachFieldValueAndCall_HasAComment()
    {
        string[] files = [.. RepositoryFiles.Find("*.proto")];
        Assert.That(files, Is.Not.Empty);
        foreach (string file in files)
        {
            string[] lines = File.ReadAllLines(file);
            int seen = 0;
            for (int i = 0; i < lines.Length; i++)
            {
                if (Declaration().IsMatch(lines[i]))
                {
                    seen++;
                    bool said = lines[i - 1].TrimStart().StartsWith("//", StringComparison.Ordinal)
                        || lines[i].Contains(" //", StringComparison.Ordinal);
                    Assert.That(said, Is.True, $"{Path.GetFileName(file)}:{i + 1}: {lines[i].Trim()}");
                }
            }

            Assert.That(seen, Is.GreaterThan(5), file);
        }
    }

    [GeneratedRegex(@"^\s+(rpc\s|((repeated|optional)\s+)?([\w.]+\s+)?\w+\s*=\s*\d+\s*;)")]
    private static partial Regex Declaration();

    private static IEnumerable<FieldDescriptor[]> PathsToDescriptor(MessageDescriptor type) => type.Fields.InDeclarationOrder()
        .Where(field => field.FieldType == FieldType.Message)
        .SelectMany(field => field.MessageType == FileDescriptor.Descriptor
            ? [[field]]
            : PathsToDescriptor(field.MessageType).Select(rest => (FieldDescriptor[])[field, .. rest]));

    private static IMessage Plant(IMessage message, ReadOnlySpan<FieldDescriptor> path)
    {
        Assert.That(path[0].IsRepeated, Is.False, $"{path[0].FullName}: repeated, which CollectDescriptors must learn");
        IMessage value = New(path[0].MessageType);
        path[0].Accessor.SetValue(message, value);
        return path.Length == 1 ? value : Plant(value, path[1..]);
    }

    private static IMessage New(MessageDescriptor type) => type.Parser.ParseFrom([]);

    private static string Name(FieldDescriptor[] path) => string.Join('.', path.Select(field => field.Name));
}
